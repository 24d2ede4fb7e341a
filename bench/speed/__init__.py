"""The side-by-side bench: one worker of Tollway, a bare relay and its peers, before one upstream, in one run."""
