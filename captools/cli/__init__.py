"""The command line: parse, call one room, print, exit code."""
