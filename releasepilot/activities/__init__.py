"""What workflows have done: each activity unpacks its call, asks one object, and wraps the answer."""
