"""The pages: Flask, sessions, forms and sockets. Knows no SQL, no Pusher and none of the API's HTTP."""
