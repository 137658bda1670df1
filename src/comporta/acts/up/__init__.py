"""Everything of a project run together: the server, the control process and who works, as supervised
processes."""
