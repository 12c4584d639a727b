"""The frameworks as in their own quick starts: no settings, and the development server."""
