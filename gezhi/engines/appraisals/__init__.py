"""评: rubrics, rounds of appraisal, judgements, objections, reference lists. README.md"""
