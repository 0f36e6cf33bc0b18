"""What goes over the wire: blocking sockets, no threads, no data set decoded.

Of the upper layer (PS3.8) and the messages (PS3.7) here is what we need, and no more. To ask with pynetdicom took three
threads, polling and small reads for each association, and the time of an instance went there, not into the network; a
server that fell silent in the middle of a PDU held it, and Ctrl-C, for its network timeout; and connections that came
to nothing were left open.

What is not as the standard says ends the association.
"""
