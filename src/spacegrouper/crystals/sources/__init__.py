"""Where crystals come from: a file for each kind of source, with its settings."""
