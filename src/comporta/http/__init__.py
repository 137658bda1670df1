"""What every server of Comporta shares over HTTP: limits, admission, replies, a bounded connection."""
