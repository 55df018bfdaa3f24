"""Files: pictures, videos and documents."""
