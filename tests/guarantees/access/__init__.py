"""The access table, one file for each room: `ROWS` of routes."""
