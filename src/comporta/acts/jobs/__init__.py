"""Acts that are carried out later, by a worker: asked for, claimed, carried out, cancelled, listed."""
