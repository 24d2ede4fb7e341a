"""Speed and proofs by command: each module runs by itself and says what it measures."""
