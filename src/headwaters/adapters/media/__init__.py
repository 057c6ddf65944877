"""The Media, Encoder and Cutter ports: pictures with Pillow, tags with mutagen, all else with ffmpeg. The shop itself
loads neither library: `apart.py` and `encoder.py` ask processes of their own."""
