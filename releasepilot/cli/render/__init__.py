"""The only place that formats: values in, text on a terminal or in a pipe out."""
