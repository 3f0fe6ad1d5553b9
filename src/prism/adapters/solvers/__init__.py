"""Where to cut cycles."""
