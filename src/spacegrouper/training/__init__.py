"""From the dataset to a trained network: split, images, batches, data-parallel loop, resuming."""
