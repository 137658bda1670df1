"""A project opened: its store, ledger, engine, keys and clock, and what every act reads of them."""
