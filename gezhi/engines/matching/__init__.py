"""配: what people come together for: meetings, activities, classes; who has a place, who was there, what follows."""
