"""A company's own view: its parts and suppliers hung on a network, so that every scenario answers for it, too."""

from supplysim.company.attach import IN_NEED, attach
from supplysim.company.suppliers import Part, Supplier, parts_of, read_suppliers, template

__all__ = ["IN_NEED", "Part", "Supplier", "attach", "parts_of", "read_suppliers", "template"]
