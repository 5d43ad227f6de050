"""示: what the house says on paper: documents from templates, numbered, signed, frozen; ledgers to print and sign."""
