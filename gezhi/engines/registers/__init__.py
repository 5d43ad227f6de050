"""册: registers that packs declare, over foundation.subjects: sheets in and out, files of persons and volumes of places."""
