# The product's image for a kernel without sets: nobody tells it of any.
ARG BASE=cloister:dev
FROM $BASE
RUN rm /usr/sbin/nft
