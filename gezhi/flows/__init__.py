"""The only place where two rooms meet: `when event -> do action`, read from packs, done once for each event and rule."""
