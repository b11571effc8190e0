"""What a night leaves behind: run folder, workbook, report, database."""
