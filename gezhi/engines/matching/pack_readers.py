"""What this engine reads from packs: `activities/*.yaml`, `courses/*.yaml`, `competences.yaml`, `matches/*.yaml`, `rosters/*.yaml`, `stores/*.yaml`."""

from __future__ import annotations

from gezhi.engines.matching.course_reader import read_competences, read_course
from gezhi.engines.matching.match_reader import read_match
from gezhi.engines.matching.reader import read_activity
from gezhi.engines.matching.roster_reader import read_roster, read_store
from gezhi.foundation import packs

packs.reader("competences", after=("posts",))(read_competences)
packs.reader("course", folder="courses", after=("posts", "competences", "register"))(read_course)
packs.reader("activity", folder="activities", after=("posts", "workflow", "categories", "register"))(read_activity)
packs.reader("match", folder="matches", after=("posts", "register", "relation", "workflow"))(read_match)
packs.reader("roster", folder="rosters", after=("posts", "register"))(read_roster)
packs.reader("store", folder="stores", after=("posts", "register"))(read_store)
