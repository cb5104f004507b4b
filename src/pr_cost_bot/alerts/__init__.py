"""What is told once: rules over the table's figures, the messages, and who has got them."""
