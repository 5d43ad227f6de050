"""Forms declared in packs: fields, cleaning, conditions, schema (docs/packs.md).

`Form.from_yaml(node)`, `form.clean(data) -> (values, field_errors)`, `form.schema()`, `form.body()`.
"""

from .cleaning import Refused, clean_text
from .fields import Field, Option, dump_value
from .form import Bound, Form
from .numerals import read_date, read_number

__all__ = ["Bound", "Field", "Form", "Option", "Refused", "clean_text", "dump_value", "read_date", "read_number"]
