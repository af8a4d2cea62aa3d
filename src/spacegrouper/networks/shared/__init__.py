"""What all networks share, and what is found out about them."""
