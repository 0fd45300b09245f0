"""The compiler: a text becomes a Document, a Document a Job, a Job a Plan; `pipeline` has the stages in their order.

Nothing in here knows how a plan is run.
"""
