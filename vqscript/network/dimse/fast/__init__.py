"""A data path for many instances: one blocking socket, no threads, no dataset decoded.

pynetdicom, which does everything else, spends three threads, polling and small reads on each association; the time that
an instance takes goes there, not into the network. Here are only what C-STORE and C-GET need of the upper layer
(PS3.8) and of the messages (PS3.7). What is not as the standard says ends the association.
"""
