"""The frameworks as their own quick starts have them: no settings, the development server."""
