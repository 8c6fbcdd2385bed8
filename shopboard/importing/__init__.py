"""The import: from a shop's files, whatever their form, to the four tables, a receipt, and what was set aside."""
