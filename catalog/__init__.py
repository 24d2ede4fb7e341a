"""What is sold: models, chains, prices and plans; knows no customer."""
