"""The pages for developers under /docs/, written from `docs/guide` and from what the code knows."""
