"""How packs' posts are read; imported by the pack loader before the first pack."""

from gezhi.foundation import packs

from .posts import read_posts

packs.reader("posts")(read_posts)
