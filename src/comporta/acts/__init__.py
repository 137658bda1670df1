"""What a person or a signal can ask for, a folder each: the only floor where rooms meet."""
