"""The control process: a JSON route for each act that is not a request for a prediction, and the feed of
events.

It stands beside the command line and the Python face, and like them it asks acts. Needs the extra `control`.
"""
