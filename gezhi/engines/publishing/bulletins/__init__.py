"""Bulletins 通报: templates over metrics, frozen with the rows they were counted from. docs/rules/bulletins.md"""
