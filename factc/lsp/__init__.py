"""What an editor asks about job files: mistakes, places, names and words, over the Language Server Protocol.

`server` speaks the protocol; the other modules do not know that there is one.
"""
