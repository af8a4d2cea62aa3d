"""Pictures of datasets and of results."""
