"""A version's way to its traffic by a plan: begun, looked at again and again, steered, ended, shown."""
