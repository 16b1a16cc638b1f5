"""Every value that flows between the stages.

All are frozen, hold tuples, and are checked when made.
"""
