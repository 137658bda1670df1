"""Places that live outside Comporta, found by the schemes `onefile://` and `counting://`."""
