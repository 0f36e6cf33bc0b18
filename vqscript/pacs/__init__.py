"""What people do with a PACS: find, fetch completely, send, report, and the server of our own."""
