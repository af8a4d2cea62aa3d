"""What the network is worth on the test crystals: numbers, figures and pages."""
