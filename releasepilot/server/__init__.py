"""The HTTP service: word from other systems that wakes steps, and the questions that the command line answers too."""
