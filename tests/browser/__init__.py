"""The house as people meet it: a real server, headless Chromium, and somebody's hands."""
