"""The questions that screens, reports and the command line ask of an analysis. Pure."""
