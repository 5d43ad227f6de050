"""The demo county: synthetic people, seats and eight weeks of matters, made through the engine's own doors."""
