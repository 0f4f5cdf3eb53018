"""Mails as data: who wrote, what they wrote themselves, and to whom an answer goes."""
