"""What others say of our catalogue: their lists compared with ours, proposals that wait, and what approving one does."""
