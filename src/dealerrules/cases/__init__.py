"""Cases: a policy's own worked cases, what they cover, what they should cover, and which changes none of them notices.

Place in the flow: around the book. ``running`` reads and runs them, ``coverage`` says what they show, ``proposing``
proposes more, ``mutation`` changes the policies and looks whether a case notices.
"""
