"""What is said of a measuring, by theme: each code beside its English sentence, and nothing that computes.

An id and the names of its values never change once released (`tests/golden/codes.txt`); a sentence may.
"""
