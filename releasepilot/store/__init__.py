"""The read model in PostgreSQL: plans, trains, steps and events. SQL lives in `.sql` files; there is no ORM."""
