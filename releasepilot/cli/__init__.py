"""The command line: one file a command group; only `render` formats, only `exits` knows exit codes."""
