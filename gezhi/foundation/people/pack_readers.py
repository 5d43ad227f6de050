"""How packs' posts and trees of organisations are read; imported by the pack loader before the first pack."""

from gezhi.foundation import packs

from .coverage_reader import read_coverage
from .posts import read_posts
from .tree_reader import read_tree

packs.reader("posts")(read_posts)
packs.reader("tree", folder="trees", after=("posts",))(read_tree)
packs.reader("coverage", after=("posts",))(read_coverage)
