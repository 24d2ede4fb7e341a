"""Papers: receipts, credit notes and monthly statements, their drawing and their exports."""
